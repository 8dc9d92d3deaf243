import katex from "katex";
import "katex/dist/katex.min.css";

interface FormulaNode {
  attributes?: Record<string, string>;
  children?: FormulaNode[];
  toNode(): Node;
}

const internals = katex as unknown as {
  __renderToDomTree(formula: string, options: Parameters<typeof katex.render>[2]): FormulaNode;
};

/** Makes a formula. Nothing it can say loads, links or runs anything. Null for one with a mistake in it. */
export function formulaNode(formula: string, display: boolean): Node | null {
  try {
    const tree = internals.__renderToDomTree(formula, {
      displayMode: display,
      throwOnError: true,
      trust: false,
      strict: "ignore",
      maxExpand: 200,
      maxSize: 30,
      output: "htmlAndMathml",
    });
    withoutStyleAttributes(tree);
    return tree.toNode();
  } catch {
    // Half-written, or no formula at all: whoever asked shows its source.
    return null;
  }
}

/** The content security policy forbids style attributes; the same styles set by script are allowed. */
function withoutStyleAttributes(node: FormulaNode): void {
  const style = node.attributes?.style;
  if (node.attributes !== undefined && style !== undefined) {
    delete node.attributes.style;
    const make = node.toNode.bind(node);
    node.toNode = () => {
      const made = make();
      if ("style" in made) (made as unknown as ElementCSSInlineStyle).style.cssText = style;
      return made;
    };
  }
  node.children?.forEach(withoutStyleAttributes);
}
