/** Columns every manifest has. */
export const REQUIRED_COLUMNS = ['path', 'label', 'group'] as const;

/**
 * Columns that some stage reads or that are known to describe a recording; any other column is kept as
 * text and named in one warning.
 */
export const KNOWN_COLUMNS: ReadonlySet<string> = new Set([
  ...REQUIRED_COLUMNS,
  // Seconds skipped at the beginning of the recording.
  'start_s',
  // Where the recording was taken from.
  'collection',
  // How headerless PCM is read.
  'encoding',
  'byte_order',
  'header_bytes',
  'bits',
  'sample_rate',
  'channels',
  // Official division of a published corpus.
  'part',
  'fold',
  // Description.
  'corpus',
  'language',
  'genre',
  'language_or_genre',
  'duration_s',
  'source_repo',
  'source_path',
  'licence',
  'bytes',
  'sha256',
]);
