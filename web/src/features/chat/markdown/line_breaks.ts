interface SyntaxNode {
  type: string;
  value?: string;
  children?: SyntaxNode[];
}

/** Models write `<br>` into tables, where Markdown has no other way to break a line. It is the only tag that counts. */
export function lineBreaks() {
  return (root: SyntaxNode): void => {
    const open = [root];
    for (let node = open.pop(); node !== undefined; node = open.pop()) {
      for (const child of node.children ?? []) {
        if (child.type === "html" && /^<br\s*\/?>$/i.test(child.value ?? "")) {
          child.type = "break";
          delete child.value;
        } else open.push(child);
      }
    }
  };
}
