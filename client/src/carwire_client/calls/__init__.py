"""Every call of the API as a function that builds it. They send nothing: a client does.

The first parameter is what the call is made with: a `Reach` for a vehicle's, an `Application` for the others. Clients
and vehicles have each of them as a method without that parameter.
"""
