export * from 'research-basics/errors';
