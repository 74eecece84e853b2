/** One page of a listing, and where the next one starts. */
export interface Page<T> {
  items: T[];
  next: string | undefined;
}

/** Items page by page, until there is no next one or `limit` items have come. */
export async function* pageItems<T>(
  limit: number | undefined,
  pageSize: number,
  fetchPage: (max: number, token: string | undefined) => Promise<Page<T>>,
): AsyncGenerator<T, void, undefined> {
  let token: string | undefined;
  for (let left = limit ?? Infinity; left > 0;) {
    const page = await fetchPage(Math.min(pageSize, left), token);
    for (const item of page.items) {
      if (left-- <= 0) return;
      yield item;
    }
    if (!page.next || page.next === token) return;
    token = page.next;
  }
}

/** The items of `pageItems` as a list. */
export async function pages<T>(
  limit: number | undefined,
  pageSize: number,
  fetchPage: (max: number, token: string | undefined) => Promise<Page<T>>,
): Promise<T[]> {
  const all: T[] = [];
  for await (const item of pageItems(limit, pageSize, fetchPage)) all.push(item);
  return all;
}
