import { type ComponentProps, createContext, memo, type ReactNode, use } from "react";
import ReactMarkdown, { type Components } from "react-markdown";
import remarkGfm from "remark-gfm";
import remarkMath from "remark-math";
import remend from "remend";
import { CodeBlock } from "./CodeBlock";
import { Formula } from "./Formula";
import { safeAddress } from "./links";
import { lineBreaks } from "./line_breaks";
import { prepare } from "./prepare";
import { TableView } from "./TableView";

const plugins: ComponentProps<typeof ReactMarkdown>["remarkPlugins"] = [
  [remarkGfm, { singleTilde: false }],
  // `prepare` has decided which single dollars are formulas.
  [remarkMath, { singleDollarTextMath: false }],
  lineBreaks,
];

interface SyntaxNode {
  type: string;
  value?: string;
  children?: SyntaxNode[];
  properties?: Record<string, unknown>;
}

function textIn(node: SyntaxNode | undefined): string {
  if (node === undefined) return "";
  return node.value ?? (node.children ?? []).map(textIn).join("");
}

function classesOf(node: SyntaxNode | undefined): string[] {
  const value = node?.properties?.className;
  return Array.isArray(value) ? value.map(String) : [];
}

const heading =
  (Level: "h3" | "h4" | "h5" | "h6") =>
  ({ children }: { children?: ReactNode }) => <Level dir="auto">{children}</Level>;

const InLink = createContext(false);

/** A link in an answer; only its words where it leads nowhere, or where it is part of another link. */
function SafeLink({ address, children }: { address: string | undefined; children?: ReactNode }) {
  const inside = use(InLink);
  const safe = safeAddress(address);
  if (safe === null || inside) return <span>{children || safe}</span>;
  return (
    <InLink value>
      <a href={safe} target="_blank" rel="noopener noreferrer nofollow">
        {children || safe}
      </a>
    </InLink>
  );
}

/** How each part of an answer is shown. What answers say is only ever text; nothing is fetched for it. */
const components: Components = {
  h1: heading("h3"),
  h2: heading("h4"),
  h3: heading("h5"),
  h4: heading("h6"),
  h5: heading("h6"),
  h6: heading("h6"),
  p: ({ children }) => <p dir="auto">{children}</p>,
  // A list takes the direction of its text as a whole: its marks stand outside of its items.
  ul: ({ children, className }) => (
    <ul dir="auto" className={className}>
      {children}
    </ul>
  ),
  ol: ({ children, start }) => (
    <ol dir="auto" start={start}>
      {children}
    </ol>
  ),
  blockquote: ({ children }) => <blockquote dir="auto">{children}</blockquote>,
  th: ({ children, style }) => (
    <th dir="auto" scope="col" style={style}>
      {children}
    </th>
  ),
  td: ({ children, style }) => (
    <td dir="auto" style={style}>
      {children}
    </td>
  ),
  a: ({ href, children }) => <SafeLink address={href}>{children}</SafeLink>,
  img: ({ src, alt }) => <SafeLink address={typeof src === "string" ? src : undefined}>{alt}</SafeLink>,
  table: ({ children }) => <TableView>{children}</TableView>,
  pre: ({ node }) => {
    const code = (node as SyntaxNode | undefined)?.children?.[0];
    const classes = classesOf(code);
    const content = textIn(code).replace(/\n$/, "");
    if (classes.includes("language-math")) return <Formula formula={content} display />;
    const language = classes.find((name) => name.startsWith("language-"))?.slice("language-".length) ?? "";
    return <CodeBlock code={content} language={language} />;
  },
  code: ({ node, children }) => {
    if (classesOf(node as SyntaxNode | undefined).includes("language-math")) {
      return <Formula formula={textIn(node as SyntaxNode)} display={false} />;
    }
    return <code dir="ltr">{children}</code>;
  },
  input: ({ checked }) => <input type="checkbox" checked={checked === true} disabled readOnly aria-label={checked ? "✓" : "☐"} />,
};

interface MarkdownBlockProps {
  text: string;
  /** Nothing will be added to it any more. */
  closed: boolean;
  /** Addresses of links that other blocks name. */
  definitions?: string;
}

/** One block of Markdown. Not closed, what is half-written in it is shown as it probably will be. */
export default memo(function MarkdownBlock({ text, closed, definitions = "" }: MarkdownBlockProps) {
  const whole = closed ? text : remend(text, { linkMode: "text-only" });
  return (
    <ReactMarkdown remarkPlugins={plugins} components={components} urlTransform={(address) => address}>
      {prepare(whole) + definitions}
    </ReactMarkdown>
  );
});
