// ESLint rule: an exported function says what it returns and takes, as far as a machine can tell.
//   - it has a doc comment;
//   - one that throws a sentence for users in its own body has @throws;
//   - one that takes or returns numeric arrays says of what: shape, unit or layout.
const ARRAY = /\b(Float32|Float64|Int16|Int32|Uint8|Uint32)Array\b/;
const LAYOUT =
  /\b(rows?|columns?|samples?|frames?|bins?|channels?|classes|values?|vectors?|features?|probabilit\w+|labels?|scores?|weights?|length|size|shape|bytes|each|every|per|one|Hz|dB|seconds?|x)\b/i;
const THROWS = /\bthrow (inputError|environmentError|divergedError|usageError|new UserError)\b/;

function commentOf(source, node) {
  const holder = node.parent.type === 'ExportNamedDeclaration' ? node.parent : node;
  const comment = source.getCommentsBefore(holder).at(-1);
  return comment?.type === 'Block' && comment.value.startsWith('*') ? comment.value : undefined;
}

export const docComments = {
  meta: {
    type: 'suggestion',
    schema: [],
    messages: {
      missing: 'exported function {{name}} has no doc comment',
      throws: 'doc comment of {{name}} lacks @throws: its body throws a sentence for users',
      layout: 'doc comment of {{name}} does not say what its arrays hold (shape, unit or layout)',
    },
  },
  create(context) {
    const { sourceCode } = context;
    const seen = new Set();
    return {
      'ExportNamedDeclaration > FunctionDeclaration'(node) {
        // Overloads carry the comment on their first signature.
        const { name } = node.id;
        if (seen.has(name)) return;
        seen.add(name);
        const comment = commentOf(sourceCode, node);
        const report = (messageId) => context.report({ node: node.id, messageId, data: { name } });
        if (comment === undefined) return report('missing');
        const text = sourceCode.getText(node);
        if (THROWS.test(text) && !/@throws/.test(comment)) report('throws');
        const signature = text.slice(0, node.body.range[0] - node.range[0]);
        if (ARRAY.test(signature) && !LAYOUT.test(comment)) report('layout');
      },
    };
  },
};
