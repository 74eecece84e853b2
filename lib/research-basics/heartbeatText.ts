/** Program of the heartbeat thread in one text, for bundles. `lib/embed.mjs` fills it in after the compiler. */
export const heartbeatText: string = '';
