import type { code as english } from "../en/code";
import type { Message } from "@/i18n/text";

export const code: Record<keyof typeof english, Message> = {
  codeTitle: "هذا الطلب كشيفرة",
  codeLanguage: "اللغة البرمجية",
  codeShown: "الشيفرة",
  codeCopyAll: "نسخ الشيفرة",
  codeNoteShell: "لصدفة مثل bash أو zsh.",
  codeNotePython: "يحتاج إلى الحزمة openai: ‏pip install openai",
  codeNoteJavascript: "يحتاج إلى الحزمة openai: ‏npm install openai",
  codeNoteFetch: "لـ Node.js دون أي حزمة.",
  codeNoteCovey: "أمر Covey نفسه. يسأل السؤال الأخير وحده دون ما سبقه.",
  codeKey: "تقرأ الشيفرة مفتاح API من المتغير COVEY_API_KEY.",
  codeKeyLink: "إنشاء مفتاح",
  codeCopyVariable: "نسخ المتغير",
};
