import { randomBytes } from 'node:crypto';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import type { Dataset, Group } from 'h5wasm';

/** Float32 arrays by their path in the file, e.g. "layers/dense/vars/0". */
export type Hdf5Arrays = ReadonlyMap<
  string,
  { readonly shape: readonly number[]; readonly data: Float32Array }
>;

/** The HDF5 library works on files; ours are parts of an archive. */
async function withScratch<T>(work: (file: string) => Promise<T>): Promise<T> {
  const file = path.join(os.tmpdir(), `stm-lab-${process.pid}-${randomBytes(6).toString('hex')}.h5`);
  try {
    return await work(file);
  } finally {
    fs.rmSync(file, { force: true });
  }
}

/** The bytes of an HDF5 file with the given arrays and empty groups. */
export function encodeHdf5(arrays: Hdf5Arrays, emptyGroups: readonly string[]): Promise<Uint8Array> {
  return withScratch(async (scratch) => {
    const { File, ready } = await import('h5wasm/node');
    await ready;
    const file = new File(scratch, 'w');
    const groupAt = (names: readonly string[]): Group =>
      names.reduce<Group>((group, name) => {
        if (!group.keys().includes(name)) group.create_group(name);
        return group.get(name) as Group;
      }, file);
    for (const [name, { shape, data }] of arrays) {
      const names = name.split('/');
      groupAt(names.slice(0, -1)).create_dataset({
        name: names.at(-1)!,
        data,
        shape: [...shape],
        dtype: '<f',
      });
    }
    for (const name of emptyGroups) groupAt(name.split('/'));
    file.close();
    return fs.readFileSync(scratch);
  });
}

/** Every numeric array of an HDF5 file, as float32. */
export function decodeHdf5(bytes: Uint8Array): Promise<Hdf5Arrays> {
  return withScratch(async (scratch) => {
    const { Dataset: DatasetClass, File, Group: GroupClass, ready } = await import('h5wasm/node');
    await ready;
    fs.writeFileSync(scratch, bytes);
    const file = new File(scratch, 'r');
    const arrays = new Map<string, { shape: number[]; data: Float32Array }>();
    const visit = (group: Group, prefix: string): void => {
      for (const name of group.keys()) {
        const entity = group.get(name);
        if (entity instanceof GroupClass) visit(entity, `${prefix}${name}/`);
        else if (entity instanceof DatasetClass) {
          const { shape, value } = entity as Dataset;
          if (ArrayBuffer.isView(value))
            arrays.set(`${prefix}${name}`, {
              shape: [...(shape ?? [])],
              data: Float32Array.from(value as unknown as ArrayLike<number>),
            });
        }
      }
    };
    visit(file, '');
    file.close();
    return arrays;
  });
}
