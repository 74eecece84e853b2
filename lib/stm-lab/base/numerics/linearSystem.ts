export * from 'research-basics/numerics/linearSystem';
