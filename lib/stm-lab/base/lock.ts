export * from 'research-basics/lock';
