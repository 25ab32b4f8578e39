"""What a function in the style of Powertools imports for this job: batches, idempotency, validation, logger, the queue.

Imported only, to see what that costs: its idempotency is made for another cloud, whose services it would need to run.
Placed as handler/entry.py into a code directory.
"""

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType
from aws_lambda_powertools.utilities.idempotency import DynamoDBPersistenceLayer, idempotent_function
from aws_lambda_powertools.utilities.validation import validate
from mns.account import Account

USED = (Logger, BatchProcessor, EventType, DynamoDBPersistenceLayer, idempotent_function, validate, Account)
