import Box from "@mui/material/Box";
import { lazy, memo, Suspense, useMemo, useState } from "react";
import { answerStyles } from "./answer_styles";
import { CodeBlock } from "./CodeBlock";
import { definitionsIn, usesDefinitions } from "./definitions";
import { fencedCode } from "./fenced_code";
import { isReadable } from "./limits";
import { usePaced } from "./use_paced";
import { type Blocks, isOpenFence, splitBlocks } from "./split_blocks";

const MarkdownBlock = lazy(() => import("./MarkdownBlock"));

interface AnswerTextProps {
  text: string;
  /** More is coming: only the last block is read again with each piece. */
  growing?: boolean;
}

/** A text that is Markdown. Shown as plain text until the reader for it is loaded. */
export const AnswerText = memo(function AnswerText({ text, growing = false }: AnswerTextProps) {
  const [before, setBefore] = useState<Blocks | undefined>(undefined);
  const state = useMemo(() => splitBlocks(text, before), [text, before]);
  if (state !== before && state.text !== before?.text) setBefore(state);
  const definitions = useMemo(() => (growing ? "" : definitionsIn(text)), [growing, text]);
  return (
    <Box sx={answerStyles}>
      {state.blocks.map((block, index) => (
        <Block
          // Closed blocks never move, so their place names them.
          key={index}
          text={block}
          closed={!growing || index < state.blocks.length - 1}
          definitions={definitions !== "" && usesDefinitions(block) ? definitions : undefined}
        />
      ))}
    </Box>
  );
});

const Block = memo(function Block({ text, closed, definitions }: { text: string; closed: boolean; definitions?: string }) {
  const paced = usePaced(text, closed);
  if (text.trim() === "") return null;
  if (!isReadable(text)) return <Plain text={text} />;
  const fenced = fencedCode(text);
  if (fenced !== null) {
    return <CodeBlock code={fenced.code} language={fenced.language} open={!closed && isOpenFence(text)} />;
  }
  return (
    <Suspense fallback={<Plain text={text} />}>
      <MarkdownBlock text={paced} closed={closed} definitions={definitions} />
    </Suspense>
  );
});

function Plain({ text }: { text: string }) {
  return (
    <Box component="p" dir="auto" sx={{ whiteSpace: "pre-wrap" }}>
      {text.trim()}
    </Box>
  );
}
