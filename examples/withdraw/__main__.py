"""A service that withdraws money from an account of the Account domain, if the balance covers it.

    python examples/withdraw ACCOUNT AMOUNT [COMMAND_ID COMMAND_TIME]

The environment variable CP_EVENT_SOURCE_DECIDER holds the output `decider_settings` of the stack. With the same command
id and time, a second run withdraws nothing, and says what the first one did.
"""

import sys
from decimal import Decimal
from pathlib import Path

from deciders import Refused, withdraw

from cp_event_source.decide import Objects

LAYER = Path(__file__).parents[1] / "custom_event_bus" / "account_domain"


def main(account_id: str, amount: str, command_id: str | None = None, command_time: str | None = None) -> int:
    """Withdraw once. Returns the exit code: 1 if it is refused."""
    accounts = Objects.from_environment(layer=LAYER)
    try:
        done = accounts.decide(
            account_id,
            withdraw(Decimal(amount)),
            user_id="teller",
            command_id=command_id,
            command_time=command_time,
        )
    except Refused as refused:
        sys.stdout.write(f"refused: {refused}\n")
        return 1
    already = "already " if done.is_repeated else ""
    sys.stdout.write(f"{already}withdrawn; the balance is {done.object.Balance}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
