export * from 'research-basics/numerics/mixedRadix';
