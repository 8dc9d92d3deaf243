import Box from "@mui/material/Box";
import { CopyButton } from "@/components/CopyButton";
import { Facts } from "@/components/Facts";
import { SidePanel } from "@/components/SidePanel";
import { useFormats, useText } from "@/i18n/locale";
import type { AuditEvent } from "@/lib/api_types";
import { AUDIT_OUTCOMES, useSentence } from "../audit_texts";

/** One entry of the audit log, readable, and as it is stored. */
export function AuditDetails({ event, onClose }: { event: AuditEvent | null; onClose: () => void }) {
  const text = useText();
  return (
    <SidePanel open={event !== null} title={text("auditDetails")} onClose={onClose}>
      {event && <Details event={event} />}
    </SidePanel>
  );
}

function Details({ event }: { event: AuditEvent }) {
  const text = useText();
  const formats = useFormats();
  const sentence = useSentence();
  return (
    <Box sx={{ display: "grid", gap: 3 }}>
      <Box sx={{ fontSize: "1.0625rem", overflowWrap: "anywhere" }}>{sentence(event)}</Box>
      <Facts
        facts={[
          [text("time"), formats.precise(event.at)],
          [text("auditOutcome"), text(AUDIT_OUTCOMES[event.outcome].label)],
          [text("requestError"), event.error_code && <code dir="ltr">{event.error_code}</code>],
          [text("auditTarget"), event.target && <code dir="auto">{event.target}</code>],
          [text("auditAddress"), event.client_address && <span dir="ltr">{event.client_address}</span>],
          [
            text("requestId"),
            <Box key="id" component="span" sx={{ display: "flex", alignItems: "center" }}>
              <code dir="ltr">{event.request_id}</code>
              <CopyButton text={event.request_id} label={text("copyRequestId")} />
            </Box>,
          ],
          ...Object.entries(event.details).map(([name, value]): [string, string] => [name, typeof value === "string" ? value : JSON.stringify(value)]),
        ]}
      />
      <details>
        <Box component="summary" sx={{ cursor: "pointer", minHeight: 28 }}>
          {text("auditRaw")}
        </Box>
        <Box component="pre" dir="ltr" tabIndex={0} aria-label={text("auditRaw")} sx={{ m: 0, whiteSpace: "pre-wrap", overflowWrap: "anywhere", fontSize: "0.8125rem" }}>
          {JSON.stringify(event, null, 2)}
        </Box>
      </details>
    </Box>
  );
}
