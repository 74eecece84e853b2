/**
 * The part of the WebAssembly interface that the kernels use. Declared here because the library is compiled without
 * browser types, and present in Node and browsers alike.
 */
export interface WasmMemory {
  readonly buffer: ArrayBuffer;
  grow(pages: number): number;
}

interface WasmInterface {
  instantiate(
    bytes: Uint8Array,
    imports: Record<string, Record<string, unknown>>,
  ): Promise<{ readonly instance: { readonly exports: unknown } }>;
}

/** Bytes of base64 text; `atob` is in browsers and Node alike. */
function decodeBase64(text: string): Uint8Array {
  return Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
}

/** Compiles and starts a module given as base64; returns its exports. */
export async function startWasm<Exports>(
  base64: string,
  imports: Record<string, Record<string, unknown>>,
): Promise<Exports> {
  const { WebAssembly } = globalThis as unknown as { WebAssembly: WasmInterface };
  const { instance } = await WebAssembly.instantiate(decodeBase64(base64), imports);
  return instance.exports as Exports;
}
