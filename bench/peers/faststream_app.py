"""A subscriber of FastStream with a Pydantic model."""

import asyncio
import json
import sys
import time
from typing import List

from faststream import FastStream
from faststream.kafka import KafkaBroker
from pydantic import BaseModel, Field

given = json.loads(sys.argv[1])


class Customer(BaseModel):
    name: str
    email: str


class Item(BaseModel):
    sku: str
    quantity: int = Field(ge=1)
    price: float


class Order(BaseModel):
    id: str
    customer: Customer
    total: float = Field(ge=0)
    currency: str = Field(min_length=3, max_length=3)
    items: List[Item]


broker = KafkaBroker(",".join(given["brokers"]), logger=None)
app = FastStream(broker, logger=None)
seen = 0
total = 0.0
began = cpu = 0.0


@broker.subscriber(given["topic"], group_id=given["groupId"], auto_offset_reset="earliest")
async def placed(order: Order) -> None:
    global seen, total, began, cpu
    if seen == 0:
        began, cpu = time.perf_counter(), time.process_time()
    total += order.total
    seen += 1
    if seen == given["records"]:
        seconds = time.perf_counter() - began
        used = (time.process_time() - cpu) * 1e6
        print(json.dumps({"seconds": seconds, "cpu": used, "total": total}), flush=True)
        app.exit()


asyncio.run(app.run())
