export * from 'research-basics/files';
