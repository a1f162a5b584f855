"""What campaigns did, what they advertise, and how their accounts are connected."""

from typing import Final

from aiohttp import web

from leadboost.console.bodies import BooksQuery, LinkBody
from leadboost.console.call import Call, answer, validate
from leadboost.console.replies import BooksReply, ConnectionsReply, DryRun, LinkDecided
from leadboost.domain.campaign import Campaign
from leadboost.domain.linking import Link
from leadboost.messages.bookkeeper import DecideLink, GetAccountBooks, GetCampaignBooks
from leadboost.messages.panic import ListCampaigns

BOOKS_DEADLINE_S: Final = 10.0


async def read_books(call: Call) -> web.Response:
    """What each campaign spent and earned, the products it advertises or seems to, and the last actions."""
    days = call.query(BooksQuery).days
    books = await call.handles.bookkeeper.ask(GetCampaignBooks(days=days), timeout_s=BOOKS_DEADLINE_S)
    return answer(BooksReply.of(books, call.surroundings.currency))


async def decide_link(call: Call) -> web.Response:
    """Say whether a campaign advertises a product: then it stops with it. Refusing ends the proposal."""
    body = validate(LinkBody, await call.json())
    if call.is_dry_run:
        return answer(DryRun(1, (), (), call.trace_id))
    campaign = Campaign(platform=body.platform, campaign_id=body.campaign_id)
    link = Link(campaign=campaign, sku=body.sku)
    command = DecideLink(link=link, accepted=body.accepted, by=call.principal.subject)
    await call.handles.bookkeeper.ask(command, timeout_s=BOOKS_DEADLINE_S)
    return answer(LinkDecided(body.platform, body.campaign_id, body.sku, body.accepted, call.trace_id))


async def list_connections(call: Call) -> web.Response:
    """Every connected ad account: whether it answers, and how far its results are read here."""
    read = await call.panic.ask(ListCampaigns())
    books = await call.handles.bookkeeper.ask(GetAccountBooks())
    return answer(ConnectionsReply.of(read.accounts, books))
