export * from './stm';
