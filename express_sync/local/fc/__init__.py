"""Function Compute: runs the function of the template in processes of its own, behind both invocation APIs."""
