import { mdiCheck, mdiContentCopy } from "@mdi/js";
import { useEffect, useState } from "react";
import { useText } from "@/i18n/locale";
import { copyText } from "@/lib/clipboard";
import { IconAction } from "./IconAction";
import { toast } from "./toast";

interface CopyButtonProps {
  text: string | (() => string);
  label: string;
}

export function CopyButton({ text, label }: CopyButtonProps) {
  const say = useText();
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), 2000);
    return () => clearTimeout(timer);
  }, [copied]);
  const copy = async () => {
    if (await copyText(typeof text === "string" ? text : text())) setCopied(true);
    else toast({ severity: "warning", text: say("copyFailed") });
  };
  return (
    <IconAction
      path={copied ? mdiCheck : mdiContentCopy}
      label={copied ? say("copied") : label}
      onClick={() => void copy()}
    />
  );
}
