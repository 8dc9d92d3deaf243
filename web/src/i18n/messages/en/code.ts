import type { Message } from "@/i18n/text";

/** A request as code. */
export const code = {
  codeTitle: "This request as code",
  codeLanguage: "Language",
  codeShown: "Code",
  codeCopyAll: "Copy the code",
  codeNoteShell: "For a shell like bash or zsh.",
  codeNotePython: "Needs the package openai: pip install openai",
  codeNoteJavascript: "Needs the package openai: npm install openai",
  codeNoteFetch: "For Node.js, without any package.",
  codeNoteCovey: "Covey's own command. It asks the last question alone, without what was said before.",
  codeKey: "The code reads an API key from the variable COVEY_API_KEY.",
  codeKeyLink: "Make a key",
  codeCopyVariable: "Copy the variable",
} satisfies Record<string, Message>;
