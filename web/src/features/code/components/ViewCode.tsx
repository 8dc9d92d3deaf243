import Box from "@mui/material/Box";
import Button from "@mui/material/Button";
import Dialog from "@mui/material/Dialog";
import DialogActions from "@mui/material/DialogActions";
import DialogContent from "@mui/material/DialogContent";
import DialogTitle from "@mui/material/DialogTitle";
import Tab from "@mui/material/Tab";
import Tabs from "@mui/material/Tabs";
import { useId, useState } from "react";
import { Copyable } from "@/components/Copyable";
import { CopyButton } from "@/components/CopyButton";
import { TextLink } from "@/components/links";
import { type MessageKey, useText } from "@/i18n/locale";
import { readStored, writeStored } from "@/lib/storage";
import { MONO } from "@/theme/tokens";
import { codeFor, type CodeRequest, type Language, variableFor } from "../code_samples";

const STORED = "covey.code-language";

const LANGUAGES: { language: Language; name: string; note: MessageKey }[] = [
  { language: "curl", name: "curl", note: "codeNoteShell" },
  { language: "python", name: "Python", note: "codeNotePython" },
  { language: "javascript", name: "JavaScript", note: "codeNoteJavascript" },
  { language: "fetch", name: "fetch", note: "codeNoteFetch" },
  { language: "covey", name: "covey run", note: "codeNoteCovey" },
];

interface ViewCodeProps {
  request: CodeRequest;
  /** An API key that was just made: what to set so that the code finds it. */
  secret?: string;
}

/** A request in several languages, to be copied into a program. */
export function ViewCode({ request, secret }: ViewCodeProps) {
  const text = useText();
  const id = useId();
  const [language, setLanguage] = useState<Language>(
    () => LANGUAGES.find((each) => each.language === readStored(STORED))?.language ?? "curl",
  );
  const code = codeFor(language, request, location.origin);
  const note = LANGUAGES.find((each) => each.language === language)?.note ?? "codeNoteShell";
  return (
    <Box>
      <Tabs
        value={language}
        variant="scrollable"
        allowScrollButtonsMobile
        aria-label={text("codeLanguage")}
        onChange={(_, next: Language) => {
          setLanguage(next);
          writeStored(STORED, next);
        }}
      >
        {LANGUAGES.map((each) => (
          <Tab key={each.language} value={each.language} label={each.name} id={`${id}-${each.language}`} aria-controls={`${id}-panel`} sx={{ textTransform: "none" }} />
        ))}
      </Tabs>
      <Box role="tabpanel" id={`${id}-panel`} aria-labelledby={`${id}-${language}`} sx={{ mt: 1.5 }}>
        {secret !== undefined && (
          <Box sx={{ mb: 1.5 }}>
            <Box component="p" sx={{ m: 0, color: "text.secondary", fontSize: "0.875rem" }}>
              {text("codeKey")}
            </Box>
            <Copyable label={text("codeCopyVariable")} value={variableFor(secret)} />
          </Box>
        )}
        <Code code={code} />
        <Box component="p" sx={{ mt: 1.5, mb: 0, color: "text.secondary", fontSize: "0.875rem" }}>
          {text(note)}
        </Box>
        {secret === undefined && (
          <Box component="p" sx={{ mt: 1, mb: 0, color: "text.secondary", fontSize: "0.875rem" }}>
            {text("codeKey")} <TextLink to="/account/keys">{text("codeKeyLink")}</TextLink>
          </Box>
        )}
      </Box>
    </Box>
  );
}

function Code({ code }: { code: string }) {
  const text = useText();
  return (
    <Box sx={{ position: "relative" }}>
      <Box
        component="pre"
        dir="ltr"
        tabIndex={0}
        aria-label={text("codeShown")}
        sx={{ m: 0, p: 2, paddingInlineEnd: 6, borderRadius: 2, bgcolor: "sunken", overflow: "auto", maxHeight: "50vh", fontFamily: MONO, fontSize: "0.8125rem", lineHeight: 1.55 }}
      >
        <code>{code}</code>
      </Box>
      <Box sx={{ position: "absolute", top: 6, insetInlineEnd: 6, borderRadius: 1, bgcolor: "sunken" }}>
        <CopyButton text={code} label={text("codeCopyAll")} />
      </Box>
    </Box>
  );
}

/** The code of a request in a dialog. */
export function ViewCodeDialog({ request, onClose }: { request: CodeRequest; onClose: () => void }) {
  const text = useText();
  return (
    <Dialog open onClose={onClose} maxWidth="md" aria-labelledby="view-code-title">
      <DialogTitle id="view-code-title">{text("codeTitle")}</DialogTitle>
      <DialogContent>
        <ViewCode request={request} />
      </DialogContent>
      <DialogActions>
        <Button color="inherit" onClick={onClose}>
          {text("close")}
        </Button>
      </DialogActions>
    </Dialog>
  );
}
