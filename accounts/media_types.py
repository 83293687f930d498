# Here and not beside the problems: REST framework imports this while it begins itself.
PROBLEM = "application/problem+json"
