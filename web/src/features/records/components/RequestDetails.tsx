import Box from "@mui/material/Box";
import Button from "@mui/material/Button";
import Typography from "@mui/material/Typography";
import { CopyButton } from "@/components/CopyButton";
import { Facts } from "@/components/Facts";
import { SidePanel } from "@/components/SidePanel";
import { ShowContent } from "@/features/content/components/ShowContent";
import { type MessageKey, useFormats, useText } from "@/i18n/locale";
import { REQUEST_OUTCOMES } from "../outcomes";
import type { LoggedRequest, RequestFilter, UsageRecord } from "../request_filter";
import { TimeLineBar } from "./TimeLineBar";

const KINDS: Record<UsageRecord["kind"], MessageKey> = {
  chat: "requestChat",
  completion: "requestCompletion",
  embedding: "requestEmbedding",
};

interface RequestDetailsProps {
  request: LoggedRequest | null;
  onNarrow: (change: Partial<RequestFilter>) => void;
  onClose: () => void;
}

/** One request: whose it was, what it took and where its time went; what was asked and answered only where that is kept. */
export function RequestDetails({ request, onNarrow, onClose }: RequestDetailsProps) {
  const text = useText();
  return (
    <SidePanel open={request !== null} title={text("requestTitle")} onClose={onClose}>
      {request && <Details request={request} onNarrow={onNarrow} />}
    </SidePanel>
  );
}

function Details({ request, onNarrow }: Pick<RequestDetailsProps, "onNarrow"> & { request: LoggedRequest }) {
  const text = useText();
  const formats = useFormats();
  const { record } = request;
  const tokens = (count: number) => (record.estimated ? text("requestAbout", { value: formats.number(count) }) : formats.number(count));
  return (
    <Box sx={{ display: "grid", gap: 3 }}>
      <Box component="section">
        <Typography variant="h3" sx={{ mb: 1 }}>
          {text("requestTimes")}
        </Typography>
        <TimeLineBar record={record} />
      </Box>
      <Facts
        facts={[
          [
            text("requestId"),
            <Box key="id" component="span" sx={{ display: "flex", alignItems: "center" }}>
              <code dir="ltr">{record.request_id}</code>
              <CopyButton text={record.request_id} label={text("copyRequestId")} />
            </Box>,
          ],
          [text("requestOutcome"), text(REQUEST_OUTCOMES[record.outcome].label)],
          [text("requestError"), record.error_code && <code dir="ltr">{record.error_code}</code>],
          [text("requestEnded"), formats.precise(record.at)],
          [text("requestDuration"), formats.duration(record.duration_ms)],
          [text("requestFirstToken"), record.first_token_ms !== null && formats.duration(record.first_token_ms)],
          [text("requestKind"), text(KINDS[record.kind])],
          [text("usagePrompt"), tokens(record.prompt_tokens)],
          [text("usageCompletion"), tokens(record.completion_tokens)],
          [text("requestModel"), <bdi key="model">{record.model}</bdi>],
          [text("requestUser"), <UserName key="user" request={request} />],
          [text("requestKey"), <KeyName key="key" request={request} />],
          [text("requestNode"), record.node && <bdi key="node">{record.node}</bdi>],
          [text("roleProcessor"), record.processor && <code dir="ltr">{record.processor}</code>],
        ]}
      />
      {record.admitted && record.kind !== "embedding" && <ShowContent requestId={record.request_id} />}
      <Box sx={{ display: "flex", flexWrap: "wrap", gap: 1 }}>
        <Button size="small" variant="outlined" onClick={() => onNarrow({ userId: record.user_id })}>
          {text("requestsSameUser")}
        </Button>
        {record.key_id !== null && (
          <Button size="small" variant="outlined" onClick={() => onNarrow({ keyId: record.key_id ?? "" })}>
            {text("requestsSameKey")}
          </Button>
        )}
        <Button size="small" variant="outlined" onClick={() => onNarrow({ model: record.model })}>
          {text("requestsSameModel")}
        </Button>
      </Box>
    </Box>
  );
}

export function UserName({ request }: { request: LoggedRequest }) {
  const text = useText();
  const name = request.username ?? request.record.user_id;
  return (
    <>
      <bdi>{name}</bdi>
      {request.user_deleted && ` (${text("requestDeleted")})`}
    </>
  );
}

function KeyName({ request }: { request: LoggedRequest }) {
  const text = useText();
  if (request.record.key_id === null) return text("usageWithoutKey");
  return (
    <>
      <bdi>{request.key_name ?? request.record.key_id}</bdi>
      {request.key_prefix && <code dir="ltr"> {request.key_prefix}…</code>}
      {request.key_deleted && ` (${text("keyRevoked")})`}
    </>
  );
}
