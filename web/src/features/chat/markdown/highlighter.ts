import hljs from "highlight.js/lib/core";
import bash from "highlight.js/lib/languages/bash";
import cpp from "highlight.js/lib/languages/cpp";
import csharp from "highlight.js/lib/languages/csharp";
import css from "highlight.js/lib/languages/css";
import diff from "highlight.js/lib/languages/diff";
import go from "highlight.js/lib/languages/go";
import java from "highlight.js/lib/languages/java";
import javascript from "highlight.js/lib/languages/javascript";
import json from "highlight.js/lib/languages/json";
import markdown from "highlight.js/lib/languages/markdown";
import python from "highlight.js/lib/languages/python";
import rust from "highlight.js/lib/languages/rust";
import sql from "highlight.js/lib/languages/sql";
import typescript from "highlight.js/lib/languages/typescript";
import xml from "highlight.js/lib/languages/xml";
import yaml from "highlight.js/lib/languages/yaml";

export interface Token {
  /** A class of the highlighter, for example `keyword`. */
  scope: string;
  children: (Token | string)[];
}

const languages = {
  bash, cpp, csharp, css, diff, go, java, javascript, json, markdown, python, rust, sql, typescript, xml, yaml,
};

/** Collects tokens as a tree instead of as markup, which nothing here is ever made from. */
class TreeEmitter {
  readonly root: Token = { scope: "", children: [] };
  private readonly open: Token[] = [this.root];

  addText(text: string): void {
    const { children } = this.top();
    const last = children.at(-1);
    if (typeof last === "string") children[children.length - 1] = last + text;
    else if (text) children.push(text);
  }

  startScope(scope: string): void {
    const token: Token = { scope, children: [] };
    this.top().children.push(token);
    this.open.push(token);
  }

  endScope(): void {
    if (this.open.length > 1) this.open.pop();
  }

  openNode(scope: string): void {
    this.startScope(scope);
  }

  closeNode(): void {
    this.endScope();
  }

  __addSublanguage(other: TreeEmitter): void {
    this.top().children.push({ scope: "", children: other.root.children });
  }

  finalize(): void {}

  toHTML(): string {
    return "";
  }

  private top(): Token {
    return this.open.at(-1) ?? this.root;
  }
}

const highlighter = hljs.newInstance();
highlighter.configure({ __emitter: TreeEmitter } as unknown as Parameters<typeof highlighter.configure>[0]);
for (const [name, language] of Object.entries(languages)) highlighter.registerLanguage(name, language);

/** The tokens of a code, or null for a language that is not known. */
export function tokensOf(code: string, language: string): (Token | string)[] | null {
  if (highlighter.getLanguage(language) === undefined) return null;
  const result = highlighter.highlight(code, { language, ignoreIllegals: true });
  return (result as unknown as { _emitter: TreeEmitter })._emitter.root.children;
}
