"""Bulk requests to the API, and what is answered of their rows."""

URL = "/api/contacts/bulk/"


def send(house, *rows, client=None):
    """The results of these rows; where a row names no group, it is for the house's."""
    full = [{"group": house.group.pk, **row} if isinstance(row, dict) else row for row in rows]
    response = (client or house.client).post(URL, {"contacts": full})
    assert response.status_code == 200, response.content
    return response.json()["results"]


def addresses(count, start=0):
    return [{"email": f"reader{number}@example.com"} for number in range(start, start + count)]


def error_at(result, code, field):
    assert result.keys() == {"error"}
    assert result["error"].keys() == {"code", "field", "detail"}
    assert (result["error"]["code"], result["error"]["field"]) == (code, field)
    assert result["error"]["detail"]
