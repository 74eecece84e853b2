export * from 'research-basics/random/mt19937';
