/** The element of the page with an id. */
export const byId = <T extends HTMLElement = HTMLElement>(id: string): T => document.getElementById(id) as T;
export const button = (id: string): HTMLButtonElement => byId<HTMLButtonElement>(id);
export const field = (id: string): HTMLInputElement => byId<HTMLInputElement>(id);
