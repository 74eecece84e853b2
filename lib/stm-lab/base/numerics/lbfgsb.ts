export * from 'research-basics/numerics/lbfgsb';
