export * from 'research-basics/process';
