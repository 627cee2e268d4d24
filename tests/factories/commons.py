"""Common services, offered and used."""

HOME = "/incubateurs/dinum/services"


def offered(lead, **values) -> str:
    """A service offered by the incubator; the address of its page."""
    answer = lead.post(f"{HOME}/nouveau", {"name": "Pare-feu Baleen", "contact": "astreinte@exemple.test", **values})
    assert answer.status_code == 302
    return answer.location


def bring(lead, address: str, measure: str = "waf", **values):
    return lead.post(f"{address}/mesures", {"measure": measure, **values})


def use(team, address: str, *components: str):
    service = address.rsplit("/", 1)[1]
    page, action = "/produits/exemple/services", f"/produits/exemple/services/{service}"
    return team.submits(page, action, {f"{service}-components": list(components)})
