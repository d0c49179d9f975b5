/** What TypeScript calls the types that say what ends a thing; a class or interface of ours that is one may be called anything. */
const DISPOSABLE = /^__@(?:asyncDispose|dispose)@/;
/** A stack that takes a thing keeps it. */
const KEEPS = new Set(['use', 'adopt', 'move']);

/** A listener, a lock or anything else that has to be ended is kept by whoever began it: `using`, a stack, a field. */
export const keptDisposables = {
  meta: {
    type: 'problem',
    docs: { description: 'Keep what has to be disposed' },
    messages: {
      dropped: 'Nobody can dispose this any more: keep it with `using`, in a stack or in a field.',
    },
    schema: [],
  },
  create(context) {
    const services = context.sourceCode.parserServices;
    const check = (node) => {
      const call = node.type === 'AwaitExpression' ? node.argument : node;
      if (call.type !== 'CallExpression' && call.type !== 'NewExpression') return;
      if (call.callee.type === 'MemberExpression' && KEEPS.has(call.callee.property.name)) return;
      if (isOurs(services.getTypeAtLocation(node), services.program))
        context.report({ node, messageId: 'dropped' });
    };
    return {
      ExpressionStatement: ({ expression }) => check(expression),
      'UnaryExpression[operator="void"]': ({ argument }) => check(argument),
    };
  },
};

/** Whether a type is disposable and not one of a library's: those return themselves (`timer.unref()`, `child.on()`). */
function isOurs(given, program) {
  const type = program.getTypeChecker().getNonNullableType(given);
  if (!type.getProperties().some(({ escapedName }) => DISPOSABLE.test(escapedName))) return false;
  const { declarations = [] } = type.aliasSymbol ?? type.symbol ?? {};
  const isLibrary = (declaration) => program.isSourceFileFromExternalLibrary(declaration.getSourceFile());
  return declarations.some((declaration) => !isLibrary(declaration));
}
