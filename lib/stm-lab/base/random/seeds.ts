export * from 'research-basics/random/seeds';
