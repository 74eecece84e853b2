export * from 'research-basics/pace';
