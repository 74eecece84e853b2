/** Program of the sender thread in one text, for bundles. `lib/embed.mjs` fills it in after the compiler. */
export const workerText: string = '';
