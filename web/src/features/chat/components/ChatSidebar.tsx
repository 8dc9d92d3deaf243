import { mdiPlus } from "@mdi/js";
import List from "@mui/material/List";
import { useQuery } from "@tanstack/react-query";
import { Icon } from "@/components/Icon";
import { ButtonLink, ListLink } from "@/components/links";
import { useText } from "@/i18n/locale";
import { answerOf, api } from "@/lib/api";

export default function ChatSidebar() {
  const text = useText();
  const { data } = useQuery({
    queryKey: ["conversations"],
    queryFn: () => answerOf(api.GET("/covey/v1/conversations")),
  });
  return (
    <>
      <ButtonLink to="/" variant="outlined" startIcon={<Icon path={mdiPlus} />} sx={{ mx: 1.5, mb: 1 }}>
        {text("navNewChat")}
      </ButtonLink>
      <List dense sx={{ px: 1, overflowY: "auto" }}>
        {data?.items.map((item) => (
          <li key={item.id}>
            <ListLink to="/c/$conversationId" params={{ conversationId: item.id }} sx={{ borderRadius: "10px" }}>
              <bdi>{item.title}</bdi>
            </ListLink>
          </li>
        ))}
      </List>
    </>
  );
}
