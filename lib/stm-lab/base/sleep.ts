export * from 'research-basics/sleep';
