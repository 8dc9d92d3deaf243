from __future__ import annotations

import pytest

from covey.errors import Forbidden, InvalidRequest, NotFound, QuotaExceeded
from covey.protocol import auth
from covey.protocol.ids import InvitationId
from tests.helpers.auth_worker import auth_rig


async def test_an_invitation_makes_one_account_with_its_role() -> None:
    async with auth_rig(registration="invitation") as rig:
        admin = await rig.register("admin")
        created = await rig.call(auth.CREATE_INVITATION, auth.CreateInvitation(role="admin"), by=admin)
        with pytest.raises(InvalidRequest):
            await rig.register("bob", "short", invitation=created.code)
        bob = await rig.register("bob", invitation=created.code)
        assert bob.user.role == "admin"
        (listed,) = (await rig.call(auth.LIST_INVITATIONS, by=admin)).items
        assert (listed.id, listed.used_by) == (created.invitation.id, bob.user.id)
        with pytest.raises(Forbidden):
            await rig.register("carol", invitation=created.code)


async def test_an_invitation_that_expired_or_was_revoked_does_not_work() -> None:
    async with auth_rig(registration="invitation") as rig:
        admin = await rig.register("admin")
        revoked, expired = [
            await rig.call(auth.CREATE_INVITATION, auth.CreateInvitation(expires_in_s=3600), by=admin) for _ in range(2)
        ]
        request = auth.RevokeInvitation(invitation_id=revoked.invitation.id)
        await rig.call(auth.REVOKE_INVITATION, request, by=admin)
        rig.clock.advance(3600.0)
        for made in (revoked, expired):
            with pytest.raises(Forbidden):
                await rig.register("bob", invitation=made.code)


async def test_invitations_say_what_became_of_them() -> None:
    async with auth_rig(registration="invitation") as rig:
        admin = await rig.register("admin")
        ids = []
        for number, name in enumerate(("open", "used", "revoked", "expired")):
            seconds = 60 if name == "expired" else 3600 + number
            made = await rig.call(auth.CREATE_INVITATION, auth.CreateInvitation(expires_in_s=seconds), by=admin)
            ids.append(made.invitation.id)
            assert made.invitation.state == "open"
            if name == "used":
                bob = await rig.register("Bob", invitation=made.code)
            if name == "revoked":
                for _ in range(2):
                    request = auth.RevokeInvitation(invitation_id=made.invitation.id)
                    await rig.call(auth.REVOKE_INVITATION, request, by=admin)
        rig.clock.advance(61.0)
        found = (await rig.call(auth.LIST_INVITATIONS, by=admin)).items
        assert [info.id for info in found] == ids
        assert [info.state for info in found] == ["open", "used", "revoked", "expired"]
        _, used, revoked, _ = found
        assert (used.used_by, used.used_by_name) == (bob.user.id, "bob")
        assert used.used_at == revoked.revoked_at == revoked.expires_at
        # What is over can be taken from the list; what was revoked stays there, however often that is asked for.
        for over in (used, found[3]):
            request = auth.RevokeInvitation(invitation_id=over.id)
            await rig.call(auth.REVOKE_INVITATION, request, by=admin)
        assert [info.state for info in (await rig.call(auth.LIST_INVITATIONS, by=admin)).items] == ["open", "revoked"]


async def test_a_revoked_invitation_makes_room_for_another() -> None:
    async with auth_rig(max_invitations=1) as rig:
        admin = await rig.register("admin")
        made = await rig.call(auth.CREATE_INVITATION, auth.CreateInvitation(), by=admin)
        with pytest.raises(QuotaExceeded):
            await rig.call(auth.CREATE_INVITATION, auth.CreateInvitation(), by=admin)
        request = auth.RevokeInvitation(invitation_id=made.invitation.id)
        await rig.call(auth.REVOKE_INVITATION, request, by=admin)
        assert await rig.call(auth.CREATE_INVITATION, auth.CreateInvitation(), by=admin)


async def test_invitations_are_bounded_in_number_and_time() -> None:
    async with auth_rig(max_invitations=2) as rig:
        admin = await rig.register("admin")
        for seconds in (0, -1, 59, 10**10):
            with pytest.raises(InvalidRequest):
                await rig.call(auth.CREATE_INVITATION, auth.CreateInvitation(expires_in_s=seconds), by=admin)
        for _ in range(2):
            await rig.call(auth.CREATE_INVITATION, auth.CreateInvitation(expires_in_s=60), by=admin)
        with pytest.raises(QuotaExceeded):
            await rig.call(auth.CREATE_INVITATION, auth.CreateInvitation(), by=admin)
        rig.clock.advance(60.0)
        assert await rig.call(auth.CREATE_INVITATION, auth.CreateInvitation(), by=admin)
        request = auth.RevokeInvitation(invitation_id=InvitationId("inv_unknown"))
        with pytest.raises(NotFound):
            await rig.call(auth.REVOKE_INVITATION, request, by=admin)


async def test_used_and_expired_invitations_leave_the_list_after_some_days() -> None:
    async with auth_rig(registration="invitation") as rig:
        admin = await rig.register("admin")
        used, _ = [
            await rig.call(auth.CREATE_INVITATION, auth.CreateInvitation(expires_in_s=3600), by=admin) for _ in range(2)
        ]
        await rig.register("bob", invitation=used.code)
        rig.clock.advance(3600.0 + 6 * 86_400)
        assert len((await rig.call(auth.LIST_INVITATIONS, by=admin)).items) == 2
        rig.clock.advance(2 * 86_400.0)
        assert (await rig.call(auth.LIST_INVITATIONS, by=admin)).items == ()
