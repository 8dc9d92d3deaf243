import { mdiWrap } from "@mdi/js";
import Box from "@mui/material/Box";
import { type ReactNode, useState } from "react";
import { CopyButton } from "@/components/CopyButton";
import { IconAction } from "@/components/IconAction";
import { useText } from "@/i18n/locale";
import type { Token } from "./highlighter";
import { useTokens } from "./use_tokens";

interface CodeBlockProps {
  code: string;
  /** As it stands behind the fence; may be empty. */
  language: string;
  /** Still being written: not highlighted yet. */
  open?: boolean;
}

/** Code of an answer, with its language, a way to copy it and one to wrap its lines. */
export function CodeBlock({ code, language, open = false }: CodeBlockProps) {
  const text = useText();
  const [wrapped, setWrapped] = useState(false);
  const tokens = useTokens(code, language.toLowerCase(), !open);
  const name = language || text("codePlain");
  return (
    <Box component="figure" dir="ltr" className="code">
      <Box className="code-bar">
        <Box component="figcaption" sx={{ fontSize: "0.75rem", color: "text.secondary", overflow: "hidden", textOverflow: "ellipsis", whiteSpace: "nowrap" }}>
          <bdi>{name}</bdi>
        </Box>
        <span>
          <IconAction path={mdiWrap} label={text("codeWrap")} aria-pressed={wrapped} onClick={() => setWrapped(!wrapped)} color={wrapped ? "primary" : "default"} />
          <CopyButton text={code} label={text("codeCopy")} />
        </span>
      </Box>
      {/* Scrolls by itself, so it must be reachable without a mouse. */}
      {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
      <pre tabIndex={0} role="group" aria-label={text("codeIn", { language: name })} className={wrapped ? "wrapped" : undefined}>
        <code>{tokens === null ? code : tokens.map(show)}</code>
      </pre>
    </Box>
  );
}

function show(token: Token | string, index: number): ReactNode {
  if (typeof token === "string") return token;
  return (
    <span key={index} className={token.scope ? `t-${token.scope.split(".")[0]}` : undefined}>
      {token.children.map(show)}
    </span>
  );
}
