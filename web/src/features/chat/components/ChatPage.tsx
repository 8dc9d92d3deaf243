import Box from "@mui/material/Box";
import Button from "@mui/material/Button";
import TextField from "@mui/material/TextField";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useParams } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { usePageTitle } from "@/components/page_title";
import { answerOf, api } from "@/lib/api";
import { live } from "@/lib/live/live";

export function ChatPage() {
  usePageTitle("");
  const { conversationId } = useParams({ strict: false });
  const navigate = useNavigate();
  const client = useQueryClient();
  const models = useQuery({ queryKey: ["models"], queryFn: () => answerOf(api.GET("/covey/v1/models")) });
  const conversation = useQuery({
    queryKey: ["conversation", conversationId],
    queryFn: () =>
      answerOf(api.GET("/covey/v1/conversations/{conversation_id}", { params: { path: { conversation_id: conversationId ?? "" } } })),
    enabled: conversationId !== undefined,
  });
  const [question, setQuestion] = useState("");
  const [answer, setAnswer] = useState("");
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    const items = models.data?.items ?? [];
    const model = (items.find((item) => item.model.is_default) ?? items[0])?.model.name ?? "";
    const id = conversationId ?? (await answerOf(api.POST("/covey/v1/conversations", { body: {} }))).info.id;
    const accepted = await live.begin({
      conversation_id: id,
      generate: { model, messages: [{ role: "user", content: question }], sampling: { max_tokens: 60 } },
    });
    setQuestion("");
    setAnswer("");
    live.follow(accepted.generation_id, -1, {
      onEvent: (each) => each.type === "delta" && setAnswer((text) => text + each.text),
      onEnd: () => {
        setAnswer("");
        void client.invalidateQueries();
      },
    });
    void navigate({ to: "/c/$conversationId", params: { conversationId: id } });
  };
  return (
    <Box sx={{ p: 3, overflowY: "auto", height: "100%" }}>
      {conversation.data?.messages.map((message) => <p key={message.id}>{String(message.message.content)}</p>)}
      <p>{answer}</p>
      <form onSubmit={(event) => void submit(event)}>
        <TextField label="Message" value={question} onChange={(event) => setQuestion(event.target.value)} />
        <Button type="submit">Send</Button>
      </form>
    </Box>
  );
}
