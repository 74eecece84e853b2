export * from 'research-basics/heartbeat';
