"""What every application here does, apart from the way its framework serves and ends."""

import asyncio
import time


def slow():
    time.sleep(1)
    return "slow"


async def slow_async():
    await asyncio.sleep(1)
    return "slow"


def stream():
    for part in ("one", "two", "three"):
        yield f"{part}\n".encode()
        time.sleep(0.25)


async def stream_async():
    for part in ("one", "two", "three"):
        yield f"{part}\n".encode()
        await asyncio.sleep(0.25)


def log():
    """More than a pipe takes at once."""
    for number in range(100):
        print(f"line {number} {'x' * 1000} whole", flush=True)
    return "logged"


def clean_up():
    """What an application has to finish when it ends, such as writes to its database."""
    print("clean-up begins", flush=True)
    time.sleep(0.2)
    print("clean-up finished", flush=True)


async def clean_up_async():
    print("clean-up begins", flush=True)
    await asyncio.sleep(0.2)
    print("clean-up finished", flush=True)
