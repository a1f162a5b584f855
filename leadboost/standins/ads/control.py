"""The way in for tests and drills: ``/_control``. Anyone on this machine may use it."""

from datetime import date
from typing import Protocol

from aiohttp import web

from leadboost.standins.ads.account import STATUSES, AdAccount, StandInCampaign, StandInResult
from leadboost.standins.ads.faults import AdFaults


class Controlled(Protocol):
    """What the control path moves."""

    account: AdAccount
    faults: AdFaults


def add_control(app: web.Application, server: Controlled) -> None:
    """Add the routes.

    - ``GET /_control`` tells ``{campaigns: {id: true status}, budgets, calls, spend_raising, faults}``.
    - ``PUT /_control/faults`` replaces the faults; absent ones end.
    - ``PUT /_control/campaigns/ID`` ``{status?, name?}`` makes a campaign, or sets its status as a person
      does by hand: at once, without any call being recorded.
    - ``PUT /_control/results`` ``[{campaign, day, spend, revenue?, clicks?, impressions?, conversions?}]``
      sets what campaigns spent and earned, in hundredths.
    - ``DELETE /_control/calls`` forgets the calls.
    """

    async def state(_: web.Request) -> web.Response:
        account = server.account
        return web.json_response(
            {
                "campaigns": {each.id: each.status for each in account.campaigns.values()},
                "calls": [call.as_json() for call in account.calls],
                "budgets": {each.id: each.daily_budget for each in account.campaigns.values()},
                "spend_raising": account.spend_raising,
                "faults": server.faults.as_json(),
            }
        )

    async def put_faults(request: web.Request) -> web.Response:
        server.faults = AdFaults.from_json(await request.json())
        return web.json_response(server.faults.as_json())

    async def forget_calls(_: web.Request) -> web.Response:
        server.account.calls.clear()
        server.account.spend_raising = 0
        return web.json_response({})

    app.router.add_get("/_control", state)
    app.router.add_put("/_control/faults", put_faults)
    app.router.add_delete("/_control/calls", forget_calls)
    _add_account(app, server)


def _add_account(app: web.Application, server: Controlled) -> None:
    async def put_campaign(request: web.Request) -> web.Response:
        campaign_id, asked = request.match_info["id"], await request.json()
        status = asked.get("status", "ACTIVE")
        if status not in STATUSES or not campaign_id.isdecimal():
            raise web.HTTPBadRequest(text="status is not one of ours, or the id no number")
        if campaign_id not in server.account.campaigns:
            server.account.add(StandInCampaign(id=campaign_id, name=asked.get("name", f"DEMO {campaign_id}")))
        server.account.set_status(campaign_id, status)
        return web.json_response({"id": campaign_id, "status": status})

    async def put_results(request: web.Request) -> web.Response:
        for row in await request.json():
            place = (row.pop("campaign"), date.fromisoformat(row.pop("day")))
            server.account.results[place] = StandInResult(**row)
        return web.json_response({})

    app.router.add_put("/_control/campaigns/{id}", put_campaign)
    app.router.add_put("/_control/results", put_results)
