import type { Message } from "@/i18n/text";
import type { settings as english } from "../en/settings";

export const settings: Record<keyof typeof english, Message> = {
  navSettings: "الإعدادات",
  settingsTitle: "الإعدادات السارية",
  settingsLead: "ما تعمل به {node}. غيّره في covey.toml أو في البيئة أو في سطر الأوامر، ثم أعد تشغيل العقدة.",
  settingsSearch: "البحث في الإعدادات",
  settingsOnlySet: "ما يختلف عن الافتراضي فقط",
  settingsNone: "لا يوجد إعداد مطابق.",
  settingEmpty: "(فارغ)",
  settingDefault: "افتراضي",
  settingFile: "ملف",
  settingEnvironment: "البيئة",
  settingArgument: "سطر الأوامر",
};
