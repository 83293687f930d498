"""The ledger: what was answered, held against what is in the database, whatever died meanwhile.

python -m tests.ledger --seed 1 --seconds 60 --database mysql
python -m tests.ledger.mutants
"""
