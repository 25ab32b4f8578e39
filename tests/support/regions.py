"""The documented regions of Cloud Storage Gateway: those that share an endpoint, and those with their own."""

MAINLAND = (
    "cn-hangzhou cn-shanghai cn-qingdao cn-beijing cn-zhangjiakou cn-huhehaote cn-wulanchabu cn-shenzhen cn-heyuan "
    "cn-guangzhou cn-chengdu cn-hongkong"
)
OWN = (
    "ap-southeast-1 ap-southeast-3 ap-southeast-5 ap-southeast-6 ap-northeast-1 ap-northeast-2 eu-central-1 "
    "eu-west-1 us-west-1 me-central-1"
)
