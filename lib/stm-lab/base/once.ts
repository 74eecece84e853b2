export * from 'research-basics/once';
