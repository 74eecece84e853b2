export * from 'research-basics/errors';
export { UserError as StmLabError } from 'research-basics/errors';
