export * from 'research-basics/numerics/argMax';
