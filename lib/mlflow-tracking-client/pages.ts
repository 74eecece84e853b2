/** Collects pages until there is no next one, or `limit` items are there. */
export async function pages<T>(
  limit: number | undefined,
  pageSize: number,
  fetchPage: (max: number, token: string | undefined) => Promise<{ items: T[]; next: string | undefined }>,
): Promise<T[]> {
  const all: T[] = [];
  let token: string | undefined;
  for (;;) {
    const max = Math.min(pageSize, (limit ?? Infinity) - all.length);
    if (max <= 0) return all;
    const page = await fetchPage(max, token);
    for (const item of page.items) all.push(item);
    if (!page.next || page.next === token) return all;
    token = page.next;
  }
}
