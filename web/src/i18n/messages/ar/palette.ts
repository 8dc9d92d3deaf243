import type { palette as english } from "../en/palette";
import type { Message } from "@/i18n/text";

export const palette: Record<keyof typeof english, Message> = {
  paletteTitle: "الانتقال إلى أي مكان",
  paletteHint: "ابحث في المحادثات والصفحات والنماذج والإجراءات",
  paletteNone: "لا شيء يطابق هذا.",
  paletteActions: "إجراء",
  palettePages: "صفحة",
  shortcutsTitle: "اختصارات لوحة المفاتيح",
  shortcutsSearch: "البحث في الاختصارات",
  shortcutsNone: "لا اختصار يطابق هذا.",
  shortcutsSwitch: "الاختصارات مفعّلة",
  shortcutsEverywhere: "في كل مكان",
  keyControl: "Ctrl",
  keyShift: "Shift",
  keyEnter: "Enter",
  keyDelete: "Del",
  shortcutPalette: "البحث في كل شيء",
  shortcutSheet: "عرض هذه الاختصارات",
  shortcutField: "الانتقال إلى حقل الرسالة",
  shortcutSend: "إرسال الرسالة",
  shortcutNewLine: "سطر جديد",
  shortcutStop: "إيقاف الإجابة",
  shortcutMove: "التنقل في القائمة",
  shortcutRename: "إعادة تسمية المحادثة",
  shortcutDelete: "حذف المحادثة",
};
