import type { code as english } from "../en/code";
import type { Message } from "@/i18n/text";

export const code: Record<keyof typeof english, Message> = {
  codeTitle: "Diese Anfrage als Code",
  codeLanguage: "Sprache",
  codeShown: "Code",
  codeCopyAll: "Code kopieren",
  codeNoteShell: "Für eine Shell wie bash oder zsh.",
  codeNotePython: "Braucht das Paket openai: pip install openai",
  codeNoteJavascript: "Braucht das Paket openai: npm install openai",
  codeNoteFetch: "Für Node.js, ohne jedes Paket.",
  codeNoteCovey: "Coveys eigener Befehl. Er stellt nur die letzte Frage, ohne das zuvor Gesagte.",
  codeKey: "Der Code liest einen API-Schlüssel aus der Variablen COVEY_API_KEY.",
  codeKeyLink: "Schlüssel erstellen",
  codeCopyVariable: "Variable kopieren",
};
