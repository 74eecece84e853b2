/** Program of the worker processes in one text, for bundles. `lib/embed.mjs` fills it in after the compiler. */
export const childText: string = '';
